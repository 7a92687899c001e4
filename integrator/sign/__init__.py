"""Room 3. Kayit to signed messages: split, canonical bytes, CAdES-BES, and the check of every signature."""
