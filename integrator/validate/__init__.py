"""Room 2. Submitted to Kayit and findings: fields, limits, identifiers, rules, and the XSD of the version in force."""
