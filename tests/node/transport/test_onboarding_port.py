"""The onboarding port: open only while an invitation is, and what strangers try on it."""
