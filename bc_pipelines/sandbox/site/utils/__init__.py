"""What all apps of the site share: the base page, settings of a site, blocks, middleware, commands."""
