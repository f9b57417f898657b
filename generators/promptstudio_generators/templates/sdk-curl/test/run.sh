#!/bin/sh
# Runs every script with a curl in its way that only notes what it is told.
set -eu
cd "$(dirname "$0")/.."
notes=$(mktemp -d)
trap 'rm -rf "$notes"' EXIT

mkdir "$notes/bin"
cat >"$notes/bin/curl" <<'END'
#!/bin/sh
printf '%s\n' "$@" >"$NOTES/arguments"
cat >"$NOTES/body"
cat <&3 >"$NOTES/headers"
END
chmod +x "$notes/bin/curl"

prefix=$(cat test/environment)
run() {
  env PATH="$notes/bin:$PATH" NOTES="$notes" \
    "${prefix}_BASE_URL=https://prompts.acme.example/base/" "${prefix}_API_KEY=ps_live_test" "$@"
}

failed=0
expect() {
  if [ "$2" != "$3" ]; then
    printf 'not ok - %s\n  expected: %s\n  got:      %s\n' "$1" "$3" "$2"
    failed=$((failed + 1))
  else
    printf 'ok - %s\n' "$1"
  fi
}

for script in ./*.sh; do
  name=$(basename "$script" .sh)
  run "$script" - <"examples/$name.json"
  expect "$name sends its variables" "$(cat "$notes/body")" "$(cat "test/expected/$name.json")"
  expect "$name calls the endpoint" "$(tail -n 1 "$notes/arguments")" \
    "https://prompts.acme.example/base/v1/prompts/$name/run"
  expect "$name sends the key" "$(cat "$notes/headers")" 'Authorization: Bearer ps_live_test'
  expect "$name keeps the key to itself" "$(grep -c ps_live "$notes/arguments" || true)" 0
  run "$script" --stream - <"examples/$name.json"
  expect "$name streams" "$(cat "$notes/body")" "$(cat "test/expected/$name.stream.json")"
  expect "$name asks for a stream" "$(grep -c 'Accept: text/event-stream' "$notes/arguments")" 1
  status=0
  printf '%s' '{},"label":"other"' | run "$script" - 2>/dev/null || status=$?
  expect "$name refuses what is no JSON" "$status" 2
done
printf '%s failed\n' "$failed"
[ "$failed" -eq 0 ]
