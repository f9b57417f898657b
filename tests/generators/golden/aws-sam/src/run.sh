#!/bin/bash
# Lambda's handler: the Web Adapter's bootstrap runs this file, and passes requests on to what it starts.
# Where a server is started, nobody else puts a layer's packages on Python's path.
cd "$(dirname "$0")" || exit 1
export PYTHONPATH="/opt/python${PYTHONPATH:+:$PYTHONPATH}"
exec python main.py
