"""The pages that people work on, composed from every room, and the face they share.

It reads through the rooms' selectors and writes through their services; no room knows how a page looks. The face is
here as well: the frame around a page, the words for money, time and people, and the gallery of the components.
"""
