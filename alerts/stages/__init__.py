"""The stages of the pipeline, one a file; `alerts/step.py` draws them in their order."""
