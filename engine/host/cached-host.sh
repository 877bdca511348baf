#!/bin/sh
# Lies as pulumi-language-nodejs beside a Pulumi engine that was built from Go modules (the official host is no Go module).
# The host itself needs the checkout's @pulumi/pulumi, so this hands over to the checkout that is being worked in.
host=${FLEET_LANGUAGE_HOST:-}
folder=$PWD
while [ -z "$host" ] && [ "$folder" != / ] && [ -n "$folder" ]; do
  [ -x "$folder/engine/host/pulumi-language-nodejs" ] && host=$folder/engine/host/pulumi-language-nodejs
  folder=$(dirname -- "$folder")
done
if [ ! -x "$host" ]; then
  echo "pulumi-language-nodejs: no checkout of AI-DIY Fleet found; run: eval \"\$(./fleet env <stack>)\" in the checkout first" >&2
  exit 1
fi
exec "$host" "$@"
