"""The pages, the API and the metrics that the collector serves over HTTP."""
