"""What happens outside, one file per platform: libraries' objects become events here; no database is known."""
