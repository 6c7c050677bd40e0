"""Verifies what test/debian/verify.ts hands over (JSON on stdin) with Debian's python3-dkim and python3-spf; answers JSON."""
import json
import sys

import dkim
import spf

given = json.load(sys.stdin)
zone = given["zone"]  # name -> type -> list of values


def text_of(name, timeout=5):
    found = zone.get(name.decode().rstrip("."), {}).get("TXT", [])
    return found[0].encode() if found else None


def lookup(name, kind, strict=True, timeout=20, level=0):
    for value in zone.get(str(name).rstrip(".").lower(), {}).get(kind, []):
        if kind == "MX":
            preference, host = value.split()
            value = (int(preference), host)
        elif kind in ("TXT", "SPF"):
            value = (value.encode(),)
        yield ((name, kind), value)


spf.DNSLookup = lookup

results = {"dkim": [], "spf": [], "arc": []}
for message in given["messages"]:
    raw = message["text"].encode("latin-1")
    verifier = dkim.DKIM(raw)
    count = len([1 for name, _ in verifier.headers if name.lower() == b"dkim-signature"])
    results["dkim"].append([verifier.verify(idx=index, dnsfunc=text_of) for index in range(count)])
    if message.get("arc"):
        cv, _, reason = dkim.ARC(raw).verify(dnsfunc=text_of)
        results["arc"].append([cv.decode() if cv else None, reason])
for one in given["envelopes"]:
    results["spf"].append(spf.check2(i=one["ip"], s=one["from"], h=one["helo"])[0])
json.dump(results, sys.stdout)
