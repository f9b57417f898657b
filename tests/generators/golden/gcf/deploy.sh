#!/usr/bin/env bash
# bash deploy.sh [REGION…]: deploys this folder to each region of the project that gcloud is set to. What is
# there already stays as it is: after a failure, run it again.
set -euo pipefail
cd "$(dirname "$0")"
export CLOUDSDK_CORE_DISABLE_PROMPTS=1

name=acme-prompts
secrets=(PROMPTSTUDIO_KEYS ANTHROPIC_API_KEY OPENAI_API_KEY)
regions=("${@:-europe-west1}")

project=$(gcloud config get-value project)
if [ -z "$project" ]; then
  echo "gcloud has no project: gcloud config set project YOUR-PROJECT" >&2
  exit 1
fi
account=acme-prompts-runtime@$project.iam.gserviceaccount.com

missing=
for secret in "${secrets[@]}"; do
  gcloud secrets describe "$name-$secret" >/dev/null || missing+=" $name-$secret"
done
if [ -n "$missing" ]; then
  echo "Secret Manager lacks$missing. README.md says how to create a secret." >&2
  exit 1
fi

# Whether the function's account may read a secret: who deploys later need not be able to change that.
may_read() {
  local readers
  readers=$(gcloud secrets get-iam-policy "$1" --flatten 'bindings[].members' \
    --format 'value(bindings.role,bindings.members)')
  grep -qFx "roles/secretmanager.secretAccessor"$'\t'"serviceAccount:$account" <<<"$readers"
}

# A new account is not known everywhere at once.
let_read() {
  local pause
  for pause in 2 4 8 16 0; do
    gcloud secrets add-iam-policy-binding "$1" --member "serviceAccount:$account" \
      --role roles/secretmanager.secretAccessor --condition None >/dev/null && return
    sleep "$pause"
  done
  return 1
}

gcloud iam service-accounts describe "$account" >/dev/null 2>&1 ||
  gcloud iam service-accounts create acme-prompts-runtime --display-name "$name"
mounts=()
for secret in "${secrets[@]}"; do
  may_read "$name-$secret" || let_read "$name-$secret"
  mounts+=("$secret=$name-$secret:latest")
done

for region in "${regions[@]}"; do
  gcloud functions deploy "$name" --gen2 --region "$region" --runtime python313 \
    --source . --entry-point main --trigger-http --allow-unauthenticated \
    --service-account "$account" --env-vars-file env.yaml \
    --set-secrets "$(IFS=,; echo "${mounts[*]}")" \
    --cpu 1 --memory 512Mi --concurrency 80 --timeout 900s \
    --min-instances "${MIN_INSTANCES:-0}" --max-instances "${MAX_INSTANCES:-20}"
  gcloud functions describe "$name" --gen2 --region "$region" --format 'value(serviceConfig.uri)'
done
