"""APScheduler ticks that call the pipeline. Holds no state: what is due is a query."""
