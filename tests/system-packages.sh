#!/bin/sh
# Installs the Debian packages the suite uses when run as root; otherwise names what is missing.
shell=/usr/bin/chromium-headless-shell
wanted=""
[ -x $shell ] || wanted="$wanted chromium-headless-shell"
ldconfig -p 2>/dev/null | grep -q libatomic.so.1 || wanted="$wanted libatomic1"
ldconfig -p 2>/dev/null | grep -q libpangoft2-1.0.so.0 || wanted="$wanted libpango-1.0-0 libpangoft2-1.0-0 fonts-dejavu-core"
[ -z "$wanted" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing for the tests of pages and PDF files:$wanted"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq >/dev/null 2>&1
  for package in $wanted; do
    apt-get install -y -qq "$package" >/dev/null 2>&1 || echo "$package could not be installed; the tests that need it are skipped."
  done
  [ -x $shell ] || [ -x /usr/bin/chromium ] || apt-get install -y -qq chromium >/dev/null 2>&1
  exit 0
fi
echo "Tests that need them are skipped. To run them, install:$wanted"
