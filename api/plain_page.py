"""What pages behind a link have in common: no script, no sign-in, any phone."""

HEAD = (
    '<!doctype html><html lang="zh"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width,initial-scale=1"><title>安居 Anju</title>'
    "<style>body{font:18px/1.5 system-ui,sans-serif;margin:0 auto;max-width:34rem;padding:1.5rem}"
    "h1{font-size:1.4rem;margin:.5rem 0}dt{color:#666;font-size:.9rem}dd{margin:0 0 .8rem}"
    "button{width:100%;padding:1rem;font:inherit;font-weight:600;border:0;border-radius:.5rem;background:#b3261e;"
    "color:#fff}button.second{margin-top:.8rem;background:#fff;color:#333;border:1px solid #999}"
    ".done{padding:1rem;border-radius:.5rem;background:#e3f2e6;color:#14532d}"
    "fieldset{border:0;padding:0;margin:0 0 1rem}label{display:block;padding:.4rem 0}"
    "textarea{width:100%;box-sizing:border-box;font:inherit;margin-bottom:1rem}</style></head><body>"
)
PRIVATE = {"cache-control": "no-store", "referrer-policy": "no-referrer"}
