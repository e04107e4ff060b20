"""The outside world, one folder per system. An integration hears facts and calls services; no room below knows its
name.
"""
