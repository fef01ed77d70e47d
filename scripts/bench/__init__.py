"""What `make bench` measures: Hangar and its peers, alternating, in one run.

Debian's docker-registry on loopback; each destination is a new one for each run.
Medians of several runs; what counts are the ratios.
"""
