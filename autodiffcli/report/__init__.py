"""Renderers: tables for people, plain lines, data, documents. They return text or renderables and never print."""
