"""May we contact this customer now? Pure functions of facts; standard library only."""
