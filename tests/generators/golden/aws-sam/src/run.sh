#!/bin/bash
# Lambda's handler: the Web Adapter's bootstrap runs this file, and passes requests on to what it starts.
cd "$(dirname "$0")" || exit 1
exec python -m uvicorn main:app --host 127.0.0.1 --port "$AWS_LWA_PORT" --lifespan off --ws none \
  --no-proxy-headers --no-server-header --no-access-log --log-level warning --timeout-keep-alive 900
