"""Everything on one machine, to look at: customers, bills, keys, and providers that show what arrives."""
