"""Passwords as Argon2id (RFC 9106); an unknown user costs the same time as a wrong password."""
from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError
from flask import Flask, current_app


def init_app(app: Flask, *, memory_kib: int, iterations: int) -> None:
    """Set the cost: library defaults (64 MiB) in production, lower in tests only."""
    hasher = PasswordHasher(time_cost=iterations, memory_cost=memory_kib, parallelism=2, type=Type.ID)
    app.extensions["passwords"] = hasher
    app.extensions["passwords_decoy"] = hasher.hash("nobody has this password")


def hash_password(password: str) -> str:
    """The text to store."""
    hasher: PasswordHasher = current_app.extensions["passwords"]
    return hasher.hash(password)


def verify_password(stored: str | None, password: str) -> bool:
    """Whether the password fits; with nothing stored a decoy is verified so that the answer takes as long."""
    hasher: PasswordHasher = current_app.extensions["passwords"]
    try:
        hasher.verify(stored or current_app.extensions["passwords_decoy"], password)
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


def needs_rehash(stored: str) -> bool:
    """Whether the stored text was made with other costs than today's."""
    hasher: PasswordHasher = current_app.extensions["passwords"]
    return hasher.check_needs_rehash(stored)
