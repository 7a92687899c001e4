"""What the ministry said about workplaces, professionals and workers, mirrored per customer for at most a day."""
