"""Reset staging sites from production as Dagster assets; CONTRIBUTING.md says what each wing holds."""
