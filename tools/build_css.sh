#!/bin/sh
# Build the vendored front-end files again (development only; needs Node, nothing of Node runs in production):
#   static/vendor/htmx-2.0.11.min.js   as published
#   static/vendor/tabler-1.6.1.css     purged over templates/ by tools/purgecss.config.cjs
#   static/icons.svg                   the icons of tools/icons.txt
# Run it after a template first uses a new element or a Tabler form class, and after adding a name to icons.txt.
set -eu
cd "$(dirname "$0")/.."
npm install --prefix var/npm --no-audit --no-fund --silent \
    htmx.org@2.0.11 @tabler/core@1.6.1 @tabler/icons@3.52.0 purgecss@8.0.0
from=var/npm/node_modules to=static/vendor
mkdir -p $to
cp $from/htmx.org/dist/htmx.min.js $to/htmx-2.0.11.min.js
cp $from/htmx.org/LICENSE $to/htmx.LICENSE
cp $from/@tabler/icons/LICENSE $to/tabler-icons.LICENSE
var/npm/node_modules/.bin/purgecss --config tools/purgecss.config.cjs \
    --css $from/@tabler/core/dist/css/tabler.min.css --output $to/tabler-1.6.1.css
python3 tools/build_icons.py $from/@tabler/icons
wc -c $to/*.js $to/*.css
