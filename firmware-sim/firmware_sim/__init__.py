"""Stand-ins for a community's devices, on the devices' own protocols: nobody can tell them from hardware.

Knows the domain and nothing else of the platform.
"""
