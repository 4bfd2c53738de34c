"""Plays a district over real MQTT, through the agent's own spool, recorder and uplink."""
