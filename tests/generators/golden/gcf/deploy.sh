#!/usr/bin/env bash
# bash deploy.sh [REGION…]: deploys this folder to each region of the project that gcloud is set to.
set -euo pipefail
cd "$(dirname "$0")"

name=acme-prompts
secrets=(PROMPTSTUDIO_KEYS ANTHROPIC_API_KEY OPENAI_API_KEY)
regions=("${@:-europe-west1}")

project=$(gcloud config get-value project)
account=acme-prompts-runtime@$project.iam.gserviceaccount.com

missing=
for secret in "${secrets[@]}"; do
  gcloud secrets describe "$name-$secret" >/dev/null 2>&1 || missing+=" $name-$secret"
done
if [ -n "$missing" ]; then
  echo "Secret Manager lacks$missing. README.md says how to create a secret." >&2
  exit 1
fi

gcloud iam service-accounts describe "$account" >/dev/null 2>&1 ||
  gcloud iam service-accounts create acme-prompts-runtime --display-name "$name"
mounts=()
for secret in "${secrets[@]}"; do
  gcloud secrets add-iam-policy-binding "$name-$secret" --member "serviceAccount:$account" \
    --role roles/secretmanager.secretAccessor --condition None --quiet >/dev/null
  mounts+=("$secret=$name-$secret:latest")
done

for region in "${regions[@]}"; do
  gcloud functions deploy "$name" --gen2 --region "$region" --runtime python313 \
    --source . --entry-point main --trigger-http --allow-unauthenticated \
    --service-account "$account" --env-vars-file env.yaml \
    --set-secrets "$(IFS=,; echo "${mounts[*]}")" \
    --cpu 1 --memory 512Mi --concurrency 80 --timeout 900s \
    --min-instances "${MIN_INSTANCES:-0}" --max-instances "${MAX_INSTANCES:-20}" --quiet
  gcloud functions describe "$name" --gen2 --region "$region" --format 'value(serviceConfig.uri)'
done
