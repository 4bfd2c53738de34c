"""One module for each protocol whose packets say something about the network itself.

Each reads `frame[start:end]` into one fact, or None where it says nothing of interest. *end* is
where the packet says that it ends, which lies behind the frame's last byte where the capture was
cut. What contradicts itself raises Malformed, what is too short IndexError or struct.error;
`agent.sensor.packets` counts all of them.
"""
