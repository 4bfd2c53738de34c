"""How each kind of device is asked: a module for each word of `driver`."""
