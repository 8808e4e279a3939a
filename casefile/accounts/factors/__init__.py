"""Second factors: security keys, codes from an app, codes on paper."""
