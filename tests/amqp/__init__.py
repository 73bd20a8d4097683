"""A small message broker of the tests' own that speaks AMQP 1.0 as Azure Service Bus does; it keeps nothing on disk."""
