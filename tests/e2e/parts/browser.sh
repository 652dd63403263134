#!/bin/sh
# Stands for the browser that a client opens: leaves the address for the test, and returns at once as a browser does.
printf '%s\n' "$1" >"$HOME/opening" && mv "$HOME/opening" "$HOME/opened"
