//! Records on a further host and sends the records to a Weir server.
