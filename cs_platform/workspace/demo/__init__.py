"""The demo: two organisations with people, customers and a past, told through the product's own verbs.

Acme Robotics works with the sandbox org, so that its customers come from Salesforce; Umbra Analytics has none and keeps
its customers by hand. Everything happened on days before today, one after the other. Halden Robotics, Brightwater
Health and Kestrel Bank Asia have no support level yet: whoever tries the demo gives it to them.
"""
