DROP TABLE login_exemptions;
DROP TABLE login_gates;
DROP TABLE product_keys;
