#!/bin/sh
# Starts the program of its own name with the Node.js that lies beside it, wherever this directory was put, and with
# nothing of the caller's PATH. Names in a stack trace are those of the sources; for files and lines of them as well:
# NODE_OPTIONS=--enable-source-maps.
self=$0
if [ -h "$self" ]; then self=$(PATH=/usr/bin:/bin && readlink -f -- "$self"); fi
case $self in
  */*) here=${self%/*} ;;
  *) here=. ;;
esac
exec "$here/node" "$here/../dist/${self##*/}.mjs" "$@"
