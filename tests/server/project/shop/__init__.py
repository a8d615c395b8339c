"""An installed app with APIs of its own."""
