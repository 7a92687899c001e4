"""Room 5. One call to the ministry becomes one Reply or one Outcome. zeep and the HTTP client live only here."""
