"""What a person types. Commands are thin: parse, options, call a flow, show the report."""
