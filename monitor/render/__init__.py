"""Turn alerts and digests into messages: mails from templates, webhook bodies from types."""
