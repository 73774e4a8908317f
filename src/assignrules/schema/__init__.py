"""What rules speak of: the logical schema, and the mapping that says where it lives."""
