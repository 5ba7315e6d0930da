//! What an agent and a server say to each other.
