"""Words that nobody else uses: planted wherever personal data comes in, looked for wherever it must not come out."""
