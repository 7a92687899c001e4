#!/bin/sh
# A record from its first fault to its receipt, with curl: sh submit.sh ADDRESS TOKEN RECORD.json RECEIPT.json
set -eu
api=$1 auth="Authorization: Bearer $2" id="EX-SH-$$"
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT

# Where the feed ends now: what happens from here on is ours to hear.
next=$(curl -sf --retry 5 -H "$auth" "$api/v1/change?after=now" | sed 's/.*"next":"\([^"]*\)".*/\1/')

# 1. Hand over a record; a lost answer is repaired by sending the same again (--retry), because the id is ours.
sed "s/\"id\": *\"[^\"]*\"/\"id\": \"$id\"/; s/\"egitimYer\": *[0-9]*/\"egitimYer\": 7/" "$3" > "$work/record.json"
submit() {
    curl -s --retry 5 -o "$work/answer.json" -w '%{http_code}' -H "$auth" -H "Content-Type: application/json" \
         -d @"$work/record.json" "$api/v1/kayit"
}
status=$(submit)

# 2. 422: the findings say where, what was seen, what is wanted. Mend, send again.
if [ "$status" = 422 ]; then
    grep -o '"en":"[^"]*"' "$work/answer.json" | tail -n +2 | sed 's/^"en":"/finding: /; s/"$//'
    sed -i 's/"egitimYer": 7/"egitimYer": 1/' "$work/record.json"
    status=$(submit)
fi
[ "$status" = 201 ] || { cat "$work/answer.json"; exit 1; }

# 3. Follow it by the feed: the call waits until something moves.
state=""
while [ "$state" != accepted ]; do
    curl -sf --retry 5 -m 60 -H "$auth" "$api/v1/change?after=$next&wait=20" > "$work/page.json"
    next=$(sed 's/.*"next":"\([^"]*\)".*/\1/' "$work/page.json")
    state=$(tr '{' '\n' < "$work/page.json" | grep "\"$id\"" | grep -o '"state":"[a-z_]*"' | tail -n 1 | cut -d '"' -f 4 || true)
    [ -z "$state" ] || echo "$id: $state"
done

# 4. The receipt.
curl -sf --retry 5 -H "$auth" -o "$4" "$api/v1/kayit/$id/makbuz"
echo "receipt: $4"
