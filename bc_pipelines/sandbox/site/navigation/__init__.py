"""Header and footer of each site."""
