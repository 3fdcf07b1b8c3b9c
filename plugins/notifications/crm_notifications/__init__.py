"""Notifications: what people are told, by the channels they choose."""
