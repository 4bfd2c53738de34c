"""One module for each dashboard; `grafana.build` puts them together."""
