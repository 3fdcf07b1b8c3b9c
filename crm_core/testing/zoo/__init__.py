"""A zoo of broken plugins: each goes wrong in its own way, and none may take the CRM along.

:func:`animals` describes them; :func:`put` writes one into the folder ``plugins`` of a deployment.
"""

from crm_core.testing.zoo.animals import ANIMALS, Animal, put

__all__ = ["ANIMALS", "Animal", "put"]
