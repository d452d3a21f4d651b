"""Recording and alerting rules: the one live path from metrics to Alertmanager."""
