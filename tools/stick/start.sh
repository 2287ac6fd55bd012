#!/bin/sh
# Finds a Python that fits. start.py does all else.
# With CDPATH, cd may go elsewhere.
unset CDPATH
here=$(cd -- "$(dirname -- "$0")" && pwd)
if [ ! -f "$here/start.py" ]; then
  echo "start.py is missing: copy or unpack the whole folder, then start from there." >&2
  exit 1
fi
any="import sys; sys.exit(sys.version_info < (3, 8))"
fits="import sys; sys.exit('.'.join(map(str, sys.version_info[:2])) != '@PYTHON@' or sys.maxsize < 2**32)"
run=
# -I leaves out what other programs set for a Python of theirs, and what lies in this folder.
# On macOS, python3 alone may ask to install other things; so it comes last.
for candidate in python@PYTHON@ \
  "/Library/Frameworks/Python.framework/Versions/@PYTHON@/bin/python@PYTHON@" \
  "/opt/homebrew/bin/python@PYTHON@" python3 python; do
  if "$candidate" -I -c "$fits" >/dev/null 2>&1; then
    exec "$candidate" -I "$here/start.py" "$@"
  fi
  # One that does not fit is told so by start.py.
  if [ -z "$run" ] && "$candidate" -I -c "$any" >/dev/null 2>&1; then
    run=$candidate
  fi
done
if [ -n "$run" ]; then
  exec "$run" -I "$here/start.py" "$@"
fi
echo "No Python was found. This kit needs Python @PYTHON@, 64 bit." >&2
if [ -n "$(ls "$here/python" 2>/dev/null)" ]; then
  echo "Install it from the folder \"python\" on the stick, then start again." >&2
else
  echo "Install it from https://www.python.org/downloads/ and start again." >&2
fi
exit 1
