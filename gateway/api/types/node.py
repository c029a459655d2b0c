import strawberry


@strawberry.interface(description="Anything with a global id.")
class Node:
    id: strawberry.ID = strawberry.field(description="A global id: opaque, and the same for ever.")
